### The view "about".

about-title = About Allium
