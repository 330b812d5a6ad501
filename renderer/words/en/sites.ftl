### The view "sites".

sites-title = Sites
