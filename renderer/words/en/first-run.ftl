### The view "first-run".

first-run-title = Welcome to Allium
