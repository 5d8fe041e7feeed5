"""Shows what agents saw, believed and did, and explains why.

``traces`` records and shows episodes of ONNX bundles without PyTorch: pictures, videos and a viewer. ``failures`` finds
where agents are lost, and why. ``activations`` records what PyTorch networks compute; ``gradients`` explains it down to
the pixels by integrated gradients, and ``embedding`` maps it. ``report`` is the page about a training run.
"""
