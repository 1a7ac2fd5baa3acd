// From the disk a browser lets no page read another one, so search results come without the lines around the word.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
