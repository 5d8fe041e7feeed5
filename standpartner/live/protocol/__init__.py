"""Speaks to other programs: the messages of the live protocol, their delivery, and cues over OSC and MIDI."""
