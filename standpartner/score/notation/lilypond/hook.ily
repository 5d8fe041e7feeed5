%% Read by LilyPond before the score. After page breaking it writes what is drawn where to engraving.txt, one
%% thing a line, tab-separated. Positions are staff spaces from the page's top left corner, y downwards.
%%
%%   book   <mm a staff space> <page width> <page height>
%%   page
%%   system <score, from 0> <moment> <bar number> <position in the bar>
%%   staff  <left> <right> <top> <bottom> <staff space> <number of lines>
%%   head   <x> <y> <MIDI pitch> <duration log> <moment> <grace moment>
%%   bar    <left> <right> <moment> <bar number> <position in the bar> <glyph>
%%   volta  <moment> <moment of its end> <text>
%%   mark   <at a bar line or a note: "bar" or "note"> <moment> <text>
%%
%% Moments and positions in the bar are whole notes, as fractions; "-" where there is none.

#(define (standpartner:write port . words)
   (display (string-join (map (lambda (word) (format #f "~a" word)) words) "\t") port)
   (newline port))

#(define (standpartner:drawn? grob)
   (let ((stencil (ly:grob-property grob 'stencil)))
     (and (ly:stencil? stencil)
          (not (ly:stencil-empty? stencil))
          (not (eq? #t (ly:grob-property grob 'transparent #f))))))

#(define (standpartner:moment moment part)
   (if (ly:moment? moment) (part moment) "-"))

#(define (standpartner:place place)
   (if (pair? place)
       (list (car place) (standpartner:moment (cdr place) ly:moment-main))
       (list "-" "-")))

#(define (standpartner:strings tree) ; all strings in a markup, with the names of its glyphs
   (cond ((string? tree) (list (string-map (lambda (char) (if (char-whitespace? char) #\space char)) tree)))
         ((procedure? tree) ; \segno, \coda
          (case (procedure-name tree)
            ((segno-markup) '("segno"))
            ((coda-markup) '("coda"))
            (else '())))
         ((pair? tree) (append (standpartner:strings (car tree)) (standpartner:strings (cdr tree))))
         (else '())))

#(define (standpartner:write-mark port place grob text)
   (let ((words (string-join (standpartner:strings text) " ")))
     (if (not (string-null? words))
         (standpartner:write port "mark" place (standpartner:moment (grob::when grob) ly:moment-main) words))))

#(define (standpartner:write-volta port bracket)
   (let ((when-at (lambda (side) (standpartner:moment (grob::when (ly:spanner-bound bracket side)) ly:moment-main)))
         (text (ly:grob-property bracket 'text "")))
     (standpartner:write port "volta" (when-at LEFT) (when-at RIGHT) (string-join (standpartner:strings text) " "))))

#(define (standpartner:write-grob port grob system left top)
   (let* ((extent (lambda (axis) (ly:grob-extent grob system axis)))
          (page-left (lambda () (+ left (car (extent X)))))
          (page-right (lambda () (+ left (cdr (extent X)))))
          (page-top (lambda () (- top (cdr (extent Y)))))
          (page-bottom (lambda () (- top (car (extent Y)))))
          (moment (lambda (part) (standpartner:moment (grob::when grob) part))))
     (case (grob::name grob)
       ((StaffSymbol)
        (standpartner:write port "staff" (page-left) (page-right) (page-top) (page-bottom)
                            (ly:staff-symbol-staff-space grob) (ly:grob-property grob 'line-count 5)))
       ((NoteHead)
        (let* ((event (event-cause grob))
               (pitch (and event (ly:event-property event 'pitch #f))))
          (if (ly:pitch? pitch)
              (standpartner:write port "head" (/ (+ (page-left) (page-right)) 2) (/ (+ (page-top) (page-bottom)) 2)
                                  (+ 60 (ly:pitch-semitones pitch)) (ly:grob-property grob 'duration-log 2)
                                  (moment ly:moment-main) (moment ly:moment-grace)))))
       ((BarLine)
        (apply standpartner:write port "bar" (page-left) (page-right) (moment ly:moment-main)
               (append (standpartner:place (grob::rhythmic-location grob))
                       (list (ly:grob-property grob 'glyph-name "")))))
       ((VoltaBracket)
        (standpartner:write-volta port grob))
       ((RehearsalMark TextMark JumpScript SegnoMark CodaMark SectionLabel)
        (standpartner:write-mark port "bar" grob (ly:grob-property grob 'text "")))
       ((TextScript)
        (standpartner:write-mark port "note" grob (ly:grob-property grob 'text "")))
       ((Script)
        (let ((stencil (ly:grob-property grob 'script-stencil #f)))
          (if (and (pair? stencil) (pair? (cdr stencil)))
              (standpartner:write-mark port "note" grob (cadr stencil))))))))

#(define (standpartner:write-system port line score layout page)
   (let* ((system (ly:prob-property line 'system-grob))
          (extra (ly:prob-property line 'extra-offset '(0 . 0)))
          (left (+ (ly:output-def-lookup layout 'left-margin)
                   (ly:output-def-lookup layout 'horizontal-shift 0.0)
                   (ly:prob-property line 'X-offset 0.0)
                   (car extra)))
          (top (+ (ly:prob-property line 'Y-offset 0.0)
                  (cdr extra)
                  (ly:prob-property page 'top-margin)))
          (start (ly:spanner-bound system LEFT)))
     (apply standpartner:write port "system" score
            (standpartner:moment (ly:grob-property start 'when) ly:moment-main)
            (standpartner:place (ly:grob-property start 'rhythmic-location)))
     (for-each
      (lambda (grob)
        (if (and (ly:grob? grob) (standpartner:drawn? grob))
            (standpartner:write-grob port grob system left top)))
      (ly:grob-array->list (ly:grob-object system 'all-elements)))))

#(define (standpartner:write-book layout pages)
   (let ((port (open-file "engraving.txt" "a"))
         (scores '()))
     (standpartner:write port "book" (ly:output-def-lookup layout 'output-scale)
                         (ly:output-def-lookup layout 'paper-width) (ly:output-def-lookup layout 'paper-height))
     (for-each
      (lambda (page)
        ((@ (lily page) page-stencil) page) ; sets the systems' Y-offset
        (standpartner:write port "page")
        (for-each
         (lambda (line)
           (let ((system (ly:prob-property line 'system-grob #f)))
             (if (ly:grob? system)
                 (let ((score (or (ly:grob-original system) system))) ; what was broken into systems
                   (if (not (memq score scores))
                       (set! scores (append scores (list score))))
                   (standpartner:write-system
                    port line (- (length scores) (length (memq score scores))) layout page)))))
         (ly:prob-property page 'lines)))
      pages)
     (close-port port)))

%% What old files call and LilyPond no longer has; it only concerned beams.
#(define (override-auto-beam-setting . _) (make-music 'Music 'void #t))
#(define revert-auto-beam-setting override-auto-beam-setting)
#(define score-override-auto-beam-setting override-auto-beam-setting)

\paper {
  page-post-process = #standpartner:write-book
  bookTitleMarkup = ##f
  scoreTitleMarkup = ##f
  oddHeaderMarkup = ##f
  evenHeaderMarkup = ##f
  oddFooterMarkup = ##f
  evenFooterMarkup = ##f
  system-system-spacing.padding = 12
}
