### How current the lists of bridges and countries are that everybody has.

lists-title = Lists of bridges and countries
lists-shipped = As they came with Allium: built-in bridges of { $bridges }, map of countries of { $map }.
lists-fetched = They are of { $day }. { $count ->
    [0] No bridge in them is new to this version.
    [one] One bridge in them is new to this version.
   *[other] { $count } bridges in them are new to this version.
}
lists-need-connection = They can be refreshed while Allium is connected.
lists-refresh = Refresh the lists
lists-refreshed = The lists are of today.
lists-failed = They could not be refreshed.
lists-by-itself = Refresh them by itself
lists-by-itself-about = About once a week, through Tor only. A new list adds bridges and takes none away.
