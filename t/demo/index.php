<!DOCTYPE html>
<html lang="en">
<head><title>monkey-fastcgi</title><link rel="stylesheet" href="style.css"></head>
<body>
<h1>It works</h1>
<p>PHP <?= PHP_VERSION ?> (<?= PHP_SAPI ?>) answers through
<?= htmlspecialchars($_SERVER['SERVER_SOFTWARE']) ?>.</p>
<form action="form.php" method="post">
<label>Your name: <input name="name"></label> <button>Say hello</button>
</form>
<p><a href="info.php">phpinfo()</a></p>
</body>
</html>
