### What the tray, the menu and notifications say. Used by main, not by the window.

desktop-name = Allium

## One line in the tray, for each state of the connection.

desktop-state-off = Not connected
desktop-state-checking = Checking the network…
desktop-state-no-network = No internet connection
desktop-state-clock-wrong = This computer’s clock is wrong
desktop-state-connecting = Connecting… { $percent }%
desktop-state-slow = Connecting slowly… { $percent }%
desktop-state-stalled = Connecting has stalled at { $percent }%
desktop-state-blocked = Something blocks the way to Tor
desktop-state-connected = Connected
desktop-state-proxy-not-applied = Connected, but the system proxy is not on
desktop-state-degraded = Connection lost, trying again…
desktop-state-failed = Could not connect
desktop-state-protected-down = Restarting. Other programs go past Allium
desktop-state-protected-down-system = Restarting. Nothing gets out until then
desktop-state-restoring = Putting your settings back…

## Tray

desktop-tray-tooltip = Allium: { $state }
desktop-tray-show = Open Allium
desktop-connect = Connect
desktop-connect-cancel = Cancel
desktop-disconnect = Disconnect
desktop-new-identity = New identity
desktop-quit = Quit Allium

## Menu

desktop-menu-file = File
desktop-menu-edit = Edit
desktop-menu-view = View
desktop-menu-window = Window
desktop-menu-help = Help
desktop-menu-about = About Allium
desktop-menu-settings = Settings…
desktop-menu-close = Close window
desktop-menu-undo = Undo
desktop-menu-redo = Redo
desktop-menu-cut = Cut
desktop-menu-copy = Copy
desktop-menu-paste = Paste
desktop-menu-select-all = Select all
desktop-menu-zoom-in = Larger text
desktop-menu-zoom-out = Smaller text
desktop-menu-zoom-reset = Normal text size
desktop-menu-full-screen = Full screen
desktop-menu-minimize = Minimize
desktop-menu-zoom = Zoom
desktop-menu-front = Bring all to front
desktop-menu-services = Services
desktop-menu-hide = Hide Allium
desktop-menu-hide-others = Hide others
desktop-menu-show-all = Show all
desktop-view-connect = Connect
desktop-view-circuits = Circuits
desktop-view-sites = Sites
desktop-view-bridges = Bridges
desktop-view-system-proxy = System proxy
desktop-view-settings = Settings
desktop-view-logs = Log
desktop-view-about = About

## Notifications

desktop-lost-title = Connection to Tor lost
desktop-lost-connection = What goes through Allium waits until it is back, and goes no other way.
desktop-lost-network = This computer has no internet connection. Allium connects again when it is back.
desktop-lost-core = Allium is restarting its connection. Programs that use it can reach nothing until it is back.
desktop-lost-proxy-title = Not everything goes through Tor
desktop-lost-proxy = The system proxy is not on, so other programs may go online without Tor.
desktop-regained-title = Connected to Tor again
desktop-regained-body = A real connection went through and back.

## Start at login

desktop-autostart-comment = Private internet access through Tor
