### The view "settings".

settings-title = Settings
