\version "2.24.0"
\header { title = "Evening on the \"Stand\"" }

% Encoded for the tests of standpartner: upbeat, chord, grace note, ties, repeat with two endings, two systems.
right = {
  \key d \major \time 3/4 \tempo 4 = 120
  \partial 4 a'4
  \repeat volta 2 {
    d''4 fis''8 e''8 d''4
    \acciaccatura cis''8 b'4 a'2~
    a'4 <d' fis' a'>2
  }
  \alternative {
    { g'4 e'4 a'4 }
    { g'4 fis'4 e'4 }
  }
  \break
  \tuplet 3/2 { d'8 e'8 fis'8 } g'4 a'4
  b'8 cis''8 d''4 e''4
  fis''2.~
  fis''4 e''4 cis''4
  d''2.
}
left = {
  \clef bass \key d \major \time 3/4
  \partial 4 r4
  d2.
  g4 fis2
  e4 d2
  a,2.
  a,2.
  d4 <b, e>4 fis4
  g2 a4
  b2.
  a2.
  <d d'>2.
}

\paper { ragged-bottom = ##f systems-per-page = 1 }
\score {
  \new PianoStaff << \new Staff \right \new Staff \left >>
  \layout { }
}
\score {
  \unfoldRepeats << \new Staff \right \new Staff \left >>
  \midi { }
}
