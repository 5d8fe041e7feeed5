"""A look into agents: what they saw, believed and did, and why.

Of ONNX bundles, without PyTorch: ``trace`` (one episode, frame by frame), ``show`` (a trace with its piece and sound),
``video`` and ``viewer`` of shows (``picture``, ``panels``, ``curves`` draw on the canvas of ``drawing``), ``failures``
(lost moments and their causes) and ``atlas`` (their page). Of PyTorch networks: ``moments`` (what was played),
``looks`` (encoders and head apart), ``gradients`` (integrated gradients: ``secants``, ``baselines``, ``checks``,
``gradient_picture``), ``attributed`` (gradients along a trace, for shows), ``points`` with ``findings``,
``embedding_map`` and ``embedding_page``. ``report`` is the page about a training run, ``charts`` and ``sheet`` its
parts.
"""
