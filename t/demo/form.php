<!DOCTYPE html>
<html lang="en">
<head><title>Hello</title><link rel="stylesheet" href="style.css"></head>
<body>
<h1>Hello, <?= htmlspecialchars($_POST['name'] ?? 'stranger') ?>!</h1>
<p><a href="index.php">back</a></p>
</body>
</html>
