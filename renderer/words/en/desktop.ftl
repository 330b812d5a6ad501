### What the tray, the menu and notifications say. Used by main, not by the window.
