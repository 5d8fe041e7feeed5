"""Reading print: pictures of pages (PDF, scans, photos) to systems, bars and the strip.

`files` opens pages, `picture` and `straighten` make them level (`ink`, `flatten`), `staves`, `systems` and `bars` find
what is printed (`patch`, `strokes`, `orientation`), `strip` cuts the strip, `layout` and `overlay` say and show what
was found, `reading` does all this for one file in a child process, and `read` makes the `Score`.
"""
