// SPDX-License-Identifier: Apache-2.0
//
// Tells each client what this server has understood of its request, in a field
// X-Seen: method, target, host, and body in hexadecimal; of a request that came
// by way of nginx, target, host and path as nginx tells them. For
// t/http/differential.t; prints its port, ends with its standard input.
const http = require('http');

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    let url = request.url, host = request.headers.host || '';
    const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(url);
    if (absolute) {
      host = absolute[1];
      url = absolute[2].startsWith('/') ? absolute[2] : '/' + absolute[2];
    }
    const seen = [request.method, url, host, Buffer.concat(pieces).toString('hex')];
    if (request.headers['x-by'])
      seen[1] = request.headers['x-target'], seen[2] = request.headers['x-host'] || '',
        seen.push(request.headers['x-path']);
    response.setHeader('X-Seen', Buffer.from(seen.join('\t'), 'latin1').toString('base64'));
    response.setHeader('Content-Length', 0);
    response.end();
  });
});
server.httpAllowHalfOpen = true;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
