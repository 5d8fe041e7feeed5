"""The bundled music: the canon that `standpartner demo` follows in a picture, and a menuet in notation."""
