"""The bundled piece that `standpartner demo` follows."""
