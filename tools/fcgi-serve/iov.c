/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of memory that are written together, as the ABI shows them.
 */
#include "http.h"
#include "log.h"
#include "mem.h"

void serve_iov_add(struct mk_iov *iov, void *data, size_t len, bool free)
{
    if (iov->iov_idx >= iov->size)
        serve_trap_abort("f", "more than %d pieces in the head of an answer",
                         iov->size);
    iov->io[iov->iov_idx].iov_base = data;
    iov->io[iov->iov_idx].iov_len = len;
    iov->iov_idx++;
    iov->total_len += len;
    if (free)
        iov->buf_to_free[iov->buf_idx++] = data;
}

void serve_iov_free_marked(struct mk_iov *iov)
{
    for (int i = 0; i < iov->buf_idx; i++)
        serve_mem_free(iov->buf_to_free[i]);
    iov->iov_idx = 0;
    iov->buf_idx = 0;
    iov->total_len = 0;
}

void serve_iov_consume(struct mk_iov *iov, size_t bytes)
{
    iov->total_len -= bytes;
    if (iov->total_len == 0)
        iov->iov_idx = 0;
    for (int i = 0; i < iov->iov_idx && bytes > 0; i++) {
        struct iovec *io = &iov->io[i];
        size_t n = bytes < io->iov_len ? bytes : io->iov_len;

        io->iov_base = (char *)io->iov_base + n;
        io->iov_len -= n;
        bytes -= n;
    }
}
