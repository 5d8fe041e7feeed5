%% Read by LilyPond before a score whose own MIDI is missing or is of other music: scores that are only played are left
%% out, and those that are drawn are played themselves, at the tempo of the former.

#(define standpartner:silent-scores '())

#(define (standpartner:outputs score kind)
   (filter (lambda (output) (eq? kind (ly:output-def-lookup output 'output-def-kind)))
           (ly:score-output-defs score)))

#(define (standpartner:give-midi! score midi)
   (ly:score-add-output-def! score (ly:output-def-clone midi)))

#(define (standpartner:collect score collect)
   (let ((midis (standpartner:outputs score 'midi)))
     (cond
      ((and (pair? midis) (null? (standpartner:outputs score 'layout)))
       (for-each (lambda (silent) (standpartner:give-midi! silent (car midis))) standpartner:silent-scores)
       (set! standpartner:silent-scores '()))
      (else
       (if (null? midis)
           (begin
             (if (null? (ly:score-output-defs score)) ; else it would only be played
                 (ly:score-add-output-def! score (ly:output-def-clone (ly:parser-lookup '$defaultlayout))))
             (set! standpartner:silent-scores (cons score standpartner:silent-scores))))
       (collect score)))))

#(define (toplevel-score-handler score)
   (standpartner:collect score collect-scores-for-book))

#(define (book-score-handler book score)
   (standpartner:collect score (lambda (drawn) (ly:book-add-score! book drawn))))

#(define bookpart-score-handler book-score-handler)

#(define (toplevel-music-handler music)
   (collect-music-aux toplevel-score-handler music))

#(define (toplevel-book-handler book)
   (for-each (lambda (silent) (standpartner:give-midi! silent (ly:parser-lookup '$defaultmidi)))
             standpartner:silent-scores)
   (set! standpartner:silent-scores '())
   (print-book-with-defaults book))
