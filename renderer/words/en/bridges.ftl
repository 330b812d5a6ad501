### The bridges view: ways in where Tor is blocked, or where nobody should see that it is used.

bridges-title = Bridges
bridges-intro = A bridge is a way into the Tor network that is on no public list. Use one where Tor is blocked, or where nobody should see that you use it.

## The switch

bridges-use = Use bridges
bridges-use-hint = Connect through bridges only. Turn this off to connect to the Tor network directly.
bridges-use-forced = You chose to hide that you use Tor, so Allium connects through bridges only. You can change that choice in the settings.
bridges-none-usable = Bridges are on, but there is none that can be used. Allium will not connect until you add one or turn one on.
bridges-none-of-yours = Bridges are on, and none of yours can be used. Allium looks for a way among those that it knows.
bridges-open-settings = Open settings

## Your bridges

bridges-yours = Your bridges
bridges-count = { $on ->
    [0] { $total ->
        [one] One bridge, turned off
       *[other] { $total } bridges, all turned off
    }
   *[other] { $total ->
        [one] One bridge
       *[other] { $total } bridges, { $on } turned on
    }
}
bridges-empty = No bridges yet
bridges-empty-hint = Add one that somebody gave you, or take the built-in ones below.
bridges-add = Add bridges
bridges-all-qr = Show all as QR
bridges-all-copy = Copy all
bridges-all-remove = Remove all
bridges-more = { $count ->
    [one] and one more
   *[other] and { $count } more
}
bridges-origin-built-in = Built in
bridges-enable = Use the bridge { $name }
bridges-qr = Show as QR code
bridges-copy = Copy line
bridges-remove = Remove…
bridges-emoji-label = Emoji check: { $names }

## How a bridge is doing

bridges-health-unknown = Not tried yet
bridges-health-in-use = In use
bridges-health-works = Works
bridges-health-works-since = Worked { $ago }
bridges-health-failing = Not answering
bridges-health-failing-since = Not answering since { $time }
bridges-health-failing-worked = Last worked { $ago }
bridges-health-unavailable = Not in this version
bridges-health-unavailable-hint = This version of Allium cannot speak { $transport } yet. The bridge is kept.
bridges-health-off = Turned off
bridges-changed-in-use = The bridge { $name } is in use now.
bridges-changed-failing = The bridge { $name } no longer answers.

## Removing

bridges-remove-title = { $count ->
    [one] Remove this bridge?
   *[other] Remove { $count } bridges?
}
bridges-remove-added = If this is the only copy of the line, it cannot be brought back. Bridges are hard to come by: copy it first if you are not sure.
bridges-remove-in-use = It is in use now: connections through it will end.
bridges-remove-copy = Copy first
bridges-remove-confirm = Remove
bridges-removed = { $count ->
    [one] One bridge removed.
   *[other] { $count } bridges removed.
}

## A QR code

bridges-qr-title = { $count ->
    [one] Bridge as QR code
   *[other] { $count } bridges as QR codes
}
bridges-qr-hint = Show it only to people whom you trust: whoever has the line can use the bridge, or have it blocked.
bridges-qr-part = Code { $number } of { $total }
bridges-qr-previous = Previous code
bridges-qr-next = Next code
bridges-qr-image = { $count ->
    [one] QR code with one bridge line
   *[other] QR code with { $count } bridge lines
}
bridges-qr-too-long = This line is too long for a QR code. Copy it instead.

## Adding

bridges-add-title = Add bridges
bridges-add-label = Bridge lines, one per line
bridges-add-placeholder = obfs4 192.0.2.4:443 0123456789ABCDEF0123456789ABCDEF01234567 cert=… iat-mode=0
bridges-add-hint = Paste what you were given. A picture with a QR code can be pasted or dropped here, too.
bridges-add-drop = Drop the picture to read its QR code
bridges-add-picture = From a picture…
bridges-add-screen = From the screen
bridges-add-screen-hint = Looks once at what your screens show and takes the QR code from it. The pictures stay in memory and are wiped at once.
bridges-qr-found = A QR code was read.
bridges-add-good = { $count ->
    [0] No line can be added
    [one] One line can be added
   *[other] { $count } lines can be added
}
bridges-add-continue = Continue
bridges-add-back = Back
bridges-confirm-title = { $count ->
    [one] Add this bridge?
   *[other] Add these { $count } bridges?
}
bridges-confirm-hint = Compare the four pictures with those that the person who gave you the bridge sees.
bridges-confirm-left-out = { $count ->
    [one] One line is left out.
   *[other] { $count } lines are left out.
}
bridges-confirm-use = Use bridges from now on
bridges-confirm-add = { $count ->
    [one] Add bridge
   *[other] Add { $count } bridges
}
bridges-added = { $count ->
    [one] One bridge added.
   *[other] { $count } bridges added.
}

bridges-fault-line = Line { $number }: { $fault }
bridges-fault-more = { $count ->
    [one] and one more line
   *[other] and { $count } more lines
}
bridges-fault-not-a-bridge-line = this is not a bridge line
bridges-fault-bad-address = the address is not an IP address with a port
bridges-fault-bad-fingerprint = the fingerprint is not 40 hexadecimal digits
bridges-fault-bad-arguments = a part of the line is missing or damaged; copy all of it, to the last character
bridges-fault-unknown-transport = no program knows this transport; look for a typing mistake in the first word
bridges-fault-transport-not-available = this version cannot speak this transport yet
bridges-fault-already-there = you have this bridge already
bridges-fault-too-many = there is no room for more bridges

bridges-picture-too-large = The picture is too large. Cut out the part with the QR code.
bridges-picture-not-a-picture = This is not a picture that can be opened.
bridges-picture-no-code = There is no QR code in this picture, or it is too blurred to read.
bridges-screen-no-code = No screen shows a QR code that can be read. Make it larger, and see that nothing covers it.
bridges-screen-not-allowed = The system does not let Allium look at the screen. Allow it in the system's privacy settings, or save the code as a picture.

## To a file, and from one

bridges-save = Save to a file…
bridges-save-title = { $count ->
    [one] Save your bridge to a file
   *[other] Save your { $count } bridges to a file
}
bridges-save-about = To keep them, or to hand them to somebody whom you trust. Give the file a name that says nothing.
bridges-save-seal = Protect the file with a passphrase
bridges-save-seal-about = Without the passphrase nobody can read which bridges are in it, nor how many.
bridges-save-open-warning = Whoever finds the file can read your bridges, use them, or have them blocked. That you had them can be used against you.
bridges-save-confirm = Choose a place…
bridges-save-confirm-open = Save without protection…
bridges-passphrase = Passphrase
bridges-passphrase-hint = Four or more unusual words are good. If you forget it, nobody can open the file. Tell it to others on another way than the file.
bridges-passphrase-again = The passphrase once more
bridges-passphrase-too-short = At least 12 characters.
bridges-passphrase-differs = The two are not the same.
bridges-saved-to-file = { $count ->
    [one] One bridge saved to the file.
   *[other] { $count } bridges saved to the file.
}
bridges-add-file = From a file…
bridges-file-read = The file was read. Look at the lines below before you add them.
bridges-unlock = Passphrase of the file
bridges-unlock-about = The file is protected. Whoever gave it to you knows the passphrase.
bridges-unlock-confirm = Open the file

## Built-in bridges

bridges-built-in = Built-in bridges
bridges-built-in-hint = They come with Allium and work for many people, so a censor may know them. One kind at a time; the list is of { $date }.
bridges-built-in-use = Use
bridges-built-in-use-name = Use the built-in { $name } bridges
bridges-built-in-stop = Stop using
bridges-built-in-stop-name = Stop using the built-in { $name } bridges
bridges-built-in-chosen = Chosen
bridges-built-in-chosen-now = The built-in { $name } bridges are chosen.
bridges-built-in-none-now = No built-in bridges are chosen.
bridges-built-in-count = { $count ->
    [one] one bridge
   *[other] { $count } bridges
}
bridges-built-in-coming = Not in this version

bridges-transport-vanilla = Plain
bridges-transport-vanilla-hint = Speaks like any Tor relay. Hides nothing from a network that looks for Tor, but is on no public list.
bridges-transport-obfs4 = obfs4
bridges-transport-obfs4-hint = Makes the traffic look like random data. The best first try in most places.
bridges-transport-snowflake = Snowflake
bridges-transport-snowflake-hint = Goes through the browsers of volunteers and looks like a video call.
bridges-transport-meek = meek
bridges-transport-meek-hint = Looks like visits to a large web site. Slow, but hard to block.
bridges-transport-webtunnel = WebTunnel
bridges-transport-webtunnel-hint = Looks like an ordinary encrypted web site.
bridges-transport-conjure = Conjure
bridges-transport-conjure-hint = Connects to addresses that nobody uses, with the help of Internet providers.
bridges-transport-other-hint = Another way to dress up the traffic.

## Where to get bridges

bridges-where = Where to get bridges
bridges-where-hint = These lead outside Allium. Reach them from a place where that is safe for you.
bridges-where-copy = Copy { $address }
bridges-where-web = Web page
bridges-where-mail = Mail from a Gmail or Riseup address, with the text “get transport obfs4”
bridges-where-telegram = Telegram: write /bridges to
bridges-where-friend = Best of all: a bridge from somebody whom you trust and who uses it. Ask them for its QR code.

## Your network

bridges-network = Your network
bridges-upstream = My network needs a proxy to reach the Internet
bridges-upstream-hint = Offices and schools often have one. Ask whoever runs the network for its address.
bridges-upstream-kind = Kind
bridges-upstream-socks4 = SOCKS 4
bridges-upstream-socks5 = SOCKS 5
bridges-upstream-http = HTTP
bridges-upstream-host = Address
bridges-upstream-port = Port
bridges-upstream-username = User name, if it asks for one
bridges-upstream-password = Password
bridges-upstream-password-stored = Stored. Leave empty to keep it.
bridges-upstream-password-plain = The password lies unencrypted in Allium's settings file: this system offers no safe place for passwords. Whoever can read your files can read it.
bridges-upstream-password-locked = The password is stored, but could not be read at this start. Unlock your system's password store and start Allium again, or enter it anew.
bridges-upstream-host-empty = Enter the proxy's address.
bridges-upstream-host-not-a-host = This is neither a host name nor an IP address. Leave out http:// and the like.
bridges-upstream-host-has-a-port = The port has its own field.
bridges-upstream-port-not-a-port = A number from 1 to 65535.
bridges-upstream-username-missing = A password needs a user name.
bridges-upstream-username-too-long = At most 255 bytes.
bridges-upstream-password-too-long = At most 255 bytes.
bridges-upstream-in-force = In use: { $kind } proxy at { $address }
bridges-ports = My firewall lets through only some ports
bridges-ports-hint = Allium then uses only relays and bridges on these ports.
bridges-ports-label = Ports, with commas between them
bridges-ports-none = Enter at least one port, or turn this off.
bridges-ports-not-a-port = “{ $text }” is not a port: a number from 1 to 65535.
bridges-ports-too-many = At most 100 ports.
bridges-ports-in-force = In use: { $ports }
bridges-undo = Undo
bridges-saved = Saved.
