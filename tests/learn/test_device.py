"""Training on a graphics card, checked where there is none: tensors that pretend to be on one.

They refuse what a card's tensors refuse: to meet tensors of the CPU, and to become numpy arrays without ``force=True``.
"""

import contextlib
import dataclasses

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _device
from torch.utils._pytree import tree_leaves, tree_map_only

from standpartner.errors import ConfigError
from standpartner.learn.a2c import A2cConfig
from standpartner.learn.config import STAGES, parse_config
from standpartner.learn.device import computing_on, find_device, precision
from standpartner.learn.reinforce import ReinforceConfig
from standpartner.learn.run import Run
from standpartner.networks.checkpoint import same_weights

_COPIES = {torch.Tensor.copy_, torch.Tensor.to, torch.Tensor.__setitem__}  # these cross from device to device


class OnCard(torch.Tensor):
    """A tensor that pretends to be on a graphics card; what is made of it is there, too."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.Tensor.numpy:
            if not kwargs.get("force"):
                raise TypeError("cannot convert a tensor of the card to numpy without force=True")
            return args[0].as_subclass(torch.Tensor).numpy(force=True)
        if function is torch.from_numpy:
            return function(*args, **kwargs)
        tensors = [value for value in tree_leaves((args, kwargs)) if isinstance(value, torch.Tensor)]
        strangers = [value for value in tensors if not isinstance(value, OnCard) and value.dim()]
        if strangers and function not in _COPIES:
            raise RuntimeError(
                f"{function}: expected all tensors on the card, got one of the CPU, {strangers[0].shape}"
            )
        result = super().__torch_function__(function, types, args, kwargs)
        # PyTorch's engine makes gradients as plain tensors.
        return tree_map_only(torch.Tensor, on_card, result) if function == torch.Tensor.grad.__get__ else result


def on_card(tensor):
    return tensor if isinstance(tensor, OnCard) else tensor.as_subclass(OnCard)


class Card(TorchFunctionMode):
    """Within it, functions that heed the default device make tensors on the card."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        makes = function in _device._device_constructors()  # or of a tensor's own device
        return tree_map_only(torch.Tensor, on_card, result) if makes else result


def test_the_pretended_card_refuses_what_a_card_refuses():
    with Card():
        on = torch.zeros(3)
        assert isinstance(on + 1, OnCard)
        assert isinstance(torch.as_tensor(np.ones(3)), OnCard)
        with pytest.raises(RuntimeError, match="one of the CPU"):
            on + torch.from_numpy(np.ones(3, np.float32))
        with pytest.raises(TypeError, match="without force"):
            on.numpy()
        np.testing.assert_array_equal(on.numpy(force=True), np.zeros(3))
        weight = torch.nn.Parameter(on)
        (weight * 2).sum().backward()
        assert isinstance(weight.grad, OnCard)


def _runs(tiny_config, window_config):
    """A run of every stage and every kind of actor."""
    episode = dataclasses.replace(tiny_config.ppo.episode, frames=0)
    encoders = A2cConfig(steps=3, encoders=True, episode=tiny_config.ppo.episode)
    reinforce = ReinforceConfig(steps=3, samples=0, episode=episode)
    return {
        "read-once": dataclasses.replace(
            tiny_config, **{name: dataclasses.replace(getattr(tiny_config, name), steps=2) for name in STAGES}
        ),
        "encoders": dataclasses.replace(tiny_config, stages=("a2c",), a2c=encoders),
        "whole episodes": dataclasses.replace(tiny_config, stages=("reinforce",), reinforce=reinforce),
        "window": window_config("ppo"),
        "located": window_config("mmloc"),
    }


@pytest.mark.parametrize("kind", ["read-once", "encoders", "whole episodes", "window", "located"])
def test_a_run_on_a_card_computes_what_one_on_the_cpu_does(kind, tiny_config, window_config, tiny_data, tmp_path):
    config = _runs(tiny_config, window_config)[kind]
    Run(config, tmp_path / "cpu", data=tiny_data).train()
    with Card():
        run = Run(config, tmp_path / "card", data=tiny_data)
        assert all(isinstance(parameter, OnCard) for parameter in run.network.parameters())
        run.train()
    last = f"{config.stages[-1]}.safetensors"
    assert same_weights(tmp_path / "cpu" / last, tmp_path / "card" / last)


def test_a_run_on_a_card_goes_on(tiny_config, tiny_data, tmp_path):
    def stop(stage, step, steps, measured):
        if step == 3:
            raise KeyboardInterrupt

    config = dataclasses.replace(tiny_config, stages=("ppo",), validate_every=2)
    Run(config, tmp_path / "cpu", data=tiny_data).train()
    with Card():
        with contextlib.suppress(KeyboardInterrupt):
            Run(config, tmp_path / "card", data=tiny_data, progress=stop).train()
        assert not (tmp_path / "card" / "ppo.safetensors").exists()
        Run(config, tmp_path / "card", data=tiny_data).train()
    assert same_weights(tmp_path / "cpu" / "ppo.safetensors", tmp_path / "card" / "ppo.safetensors")


def test_which_device(tiny_config, monkeypatch):
    assert find_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == torch.device("cpu")
    with pytest.raises(ConfigError, match="found none"):
        find_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert find_device("auto") == find_device("cuda") == torch.device("cuda", 1)
    with pytest.raises(ConfigError, match="expected one of auto, cpu, cuda"):
        parse_config({"name": "x", "corpus": "none", "device": "tpu"})


def test_on_a_card_tensors_are_made_there_and_precision_is_its_own(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch, "autocast", lambda device, kind: (device, kind))
    with computing_on(torch.device("cuda", 1)):
        assert torch.get_default_device() == torch.device("cuda", 1)
        assert precision("auto") == ("cuda", torch.bfloat16)
        assert isinstance(precision("off"), contextlib.nullcontext)
    assert chosen == [torch.device("cuda", 1)]
    assert torch.get_default_device() == torch.device("cpu")
    with computing_on(torch.device("cpu")):
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
