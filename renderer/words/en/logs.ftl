### The view "logs": what the app and the core report, and the bundle for whoever helps.

logs-title = Log
logs-intro = Addresses, sites and bridges are taken out before a line is kept.
logs-level = Show
logs-level-err = Errors
logs-level-warn = Warnings and worse
logs-level-notice = Notices and worse
logs-level-info = Information, too
logs-level-debug = Everything
logs-filter = Only lines with these words
logs-follow = Follow new lines
logs-copy = Copy lines
logs-copied = { $count ->
    [one] One line copied.
   *[other] { $count } lines copied.
}
logs-support = Support bundle…
logs-list = Log lines
logs-shown = { $shown ->
    [one] One line of { $total }
   *[other] { $shown } lines of { $total }
}
logs-all-shown = { $total ->
    [one] One line
   *[other] { $total } lines
}
logs-empty = Nothing has been reported yet.
logs-none-fit = No line fits the filter.
logs-loading = Reading the log…

## Levels, as they stand in a line

logs-line-err = Error
logs-line-warn = Warning
logs-line-notice = Notice
logs-line-info = Info
logs-line-debug = Debug

## The support bundle

logs-support-title = Support bundle
logs-support-about = A text for those who help you. Read it before you copy it; Allium sends it nowhere.
logs-support-in = In it: versions, your system's kind, settings without secrets, the state of the connection, its attempts, and the newest log lines.
logs-support-out = Not in it: sites that you visit, your address, bridges, relays that you use, user names and passwords. They were taken out before you see the text.
logs-support-text = The whole text
logs-support-size = { $lines ->
    [one] One line
   *[other] { $lines } lines
}
logs-support-copy = Copy the text
logs-support-again = Make it anew
logs-support-making = Being put together…
