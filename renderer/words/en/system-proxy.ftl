### The view "system-proxy": the one switch for the whole computer, what it does, and what it cannot do.

system-proxy-title = System proxy
system-proxy-intro = One switch sends the programs of this computer through Tor, as far as they follow the system's setting.

## The switch and its state

system-proxy-switch = Use Allium as the system proxy
system-proxy-switch-about = Set while Allium is connecting or connected. Your old settings are kept and put back when you turn this off, disconnect or quit.
system-proxy-backend-gnome = Set through GNOME's network settings
system-proxy-backend-kde = Set through KDE's proxy settings
system-proxy-backend-macos = Set for every active network service of macOS
system-proxy-backend-windows = Set through the Windows proxy settings

system-proxy-state-off = Off
system-proxy-state-off-about = Programs connect directly, as they always did.
system-proxy-state-waiting = Waits for you to connect
system-proxy-state-waiting-about = It is set the moment you press Connect, and in force before Allium says Connected. Until it is, programs connect directly.
system-proxy-state-applying = Being turned on…
system-proxy-state-applying-about = The setting is written, and then read back to make sure.
system-proxy-state-on = On
system-proxy-state-on-about = Programs that follow the setting go through Tor, or nowhere. It was read back from the system.
system-proxy-state-changed = Something else changed the setting
system-proxy-state-changed-about = It no longer points to Allium, so programs may connect without Tor. Another program, a VPN or a person did that.
system-proxy-state-failed = Could not be turned on or checked
system-proxy-state-failed-about = Programs may connect directly. Use the addresses below for single programs until this works.
system-proxy-state-restoring = Being turned off…
system-proxy-state-restoring-about = Your old settings are being put back.
system-proxy-state-restore-failed = Your old settings could not be put back
system-proxy-state-restore-failed-about = Allium still has them and tries again by itself. Programs that follow the setting may reach nothing meanwhile.
system-proxy-state-restore-failed-quit = If you quit now, Allium tries once more. If that fails, it stays open and shows this; quit again and it ends all the same, and puts them back when you next start it.
system-proxy-since = since { $time }
system-proxy-reapply = Put it back
system-proxy-retry = Try again
system-proxy-restore-retry = Try again now
system-proxy-quit = Quit Allium
system-proxy-announce = System proxy: { $state }

system-proxy-restored-title = Your old settings are back
system-proxy-restored-about = Allium ended without warning the last time, while the system proxy was on. At this start it put back what was set before.

system-proxy-unsupported-title = This desktop has no proxy setting that Allium knows
system-proxy-unsupported-about = Allium can set it on GNOME and what is built on it, on KDE, macOS and Windows. Here, tell each program on its own: the addresses and lines are below.

## Exceptions

system-proxy-exceptions = Exceptions
system-proxy-exceptions-about = What programs may still reach directly while the system proxy is on.
system-proxy-loopback = This computer itself
system-proxy-loopback-about = localhost and 127.0.0.1: programs that talk to one another on this computer. Turning this off breaks some of them.
system-proxy-lan = My local network
system-proxy-lan-about = Printers, file servers and the like. Whoever runs the network you are in can then see and answer these connections.

## What it is not

system-proxy-limits = A proxy setting is not a firewall
system-proxy-limits-follow = Only programs that follow the setting go through Tor. Others connect directly, and nothing stops them.
system-proxy-limits-udp = Only TCP goes through. Voice and video calls, some games and other UDP traffic go past it, in browsers, too (WebRTC).
system-proxy-limits-closed = It fails closed: if Allium's core stops, the setting stays, and programs that follow it get no connection instead of a direct one.
system-proxy-limits-browser = It does not make browsers alike. For anonymous browsing use Tor Browser: it hides what makes your browser special.

## Addresses and programs

system-proxy-addresses = Proxy addresses
system-proxy-addresses-about = For programs that have a proxy setting of their own.
system-proxy-socks = SOCKS 5
system-proxy-http = HTTP
system-proxy-copy-socks = Copy the SOCKS 5 address
system-proxy-copy-http = Copy the HTTP address
system-proxy-no-door = Not open: Allium's core is not running.
system-proxy-port-trouble = Port { $port } could not be opened: another program may be using it. Choose another one in the settings.
system-proxy-open-settings = Open settings

system-proxy-programs = Programs
system-proxy-programs-about = How programs on this system treat the setting, and the exact lines for those that do not follow it.
system-proxy-programs-empty = The list appears once Allium's core runs and its addresses are known. Press Connect.
system-proxy-follows = Follows it
system-proxy-mostly = Mostly follows it
system-proxy-ignores = Ignores it
system-proxy-lines = Lines for { $program }
system-proxy-scope-once = For one run
system-proxy-scope-always = For every run
system-proxy-where-terminal = in a terminal
system-proxy-where-file = in the file { $file }
system-proxy-undo = To take it back
system-proxy-copy-line = Copy the line for { $program }
system-proxy-copy-undo = Copy the line that takes it back

system-proxy-program-firefox = Firefox
system-proxy-program-firefox-about = Has a setting of its own: with “Use system proxy settings” it follows GNOME, macOS and Windows.
system-proxy-program-chromium = Chromium and Chrome
system-proxy-program-chromium-about = Follow GNOME, KDE, macOS and Windows. Started with the line below, they need no setting.
system-proxy-program-safari = Safari
system-proxy-program-safari-about = Follows it.
system-proxy-program-edge = Edge
system-proxy-program-edge-about = Follows it.
system-proxy-program-desktop-programs = Other desktop programs
system-proxy-program-desktop-programs-about = Where they follow it, they do so for web addresses, and not for everything that they connect to.
system-proxy-program-curl = curl
system-proxy-program-curl-about = Takes only its own options and variables.
system-proxy-program-wget = wget
system-proxy-program-wget-about = Takes only its own options and variables.
system-proxy-program-git = git
system-proxy-program-git-about = Takes only its own options and variables; over SSH it is SSH that counts.
system-proxy-program-ssh = ssh
system-proxy-program-ssh-about = Needs a helper for each connection.
system-proxy-program-apt = apt
system-proxy-program-apt-about = Runs as another user, and reads its own files.
system-proxy-program-npm = npm
system-proxy-program-npm-about = Takes only its own settings and variables.
system-proxy-program-pip = pip
system-proxy-program-pip-about = Asks macOS and Windows, but no desktop of Linux.

## Without the window

system-proxy-rescue = If something goes wrong
system-proxy-rescue-about = If Allium cannot start and the Internet seems gone, this command puts your old settings back without opening a window.
system-proxy-rescue-copy = Copy the command
