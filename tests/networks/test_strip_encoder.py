"""Reading a strip: what is printed at its beginning reaches all columns, and halves make the whole."""

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from standpartner.networks.encoders import StripEncoder  # noqa: E402

COLUMNS = 60


def changed_by_the_beginning(encoder):
    """Return by how much each column changes with the ink of the first one."""
    ink = torch.rand(1, 1, 80, 4 * COLUMNS, generator=torch.Generator().manual_seed(1))
    other = ink.clone()
    other[..., :4] = 0
    with torch.no_grad():
        return (encoder(ink) - encoder(other)).abs().amax((0, 2))


def test_what_is_carried_reaches_columns_that_the_context_does_not(tiny_network_config, carrying_config):
    torch.manual_seed(0)
    changed = changed_by_the_beginning(StripEncoder(carrying_config))
    assert (changed[:30] > 0).all()
    near = changed_by_the_beginning(StripEncoder(tiny_network_config))
    assert (near[:4] > 0).all()
    assert (near[12:] == 0).all()


def test_a_strip_is_finished_in_two_parts(carrying_config):
    torch.manual_seed(0)
    encoder = StripEncoder(carrying_config)
    with torch.no_grad():
        columns = encoder.nearby(torch.rand(2, 1, 80, 4 * COLUMNS))
        held = encoder.carried.along(columns)[:, 24]
        parts = encoder.finished(columns[:, :25]), encoder.finished(columns[:, 25:], held)
        torch.testing.assert_close(torch.cat(parts, 1), encoder.finished(columns))


def test_a_sign_at_the_beginning_is_learned_to_matter_later(carrying_config):
    """All strips have the same marks, and the first column tells what they mean."""
    torch.manual_seed(0)
    encoder, says = StripEncoder(carrying_config), torch.nn.Linear(carrying_config.features, 1)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *says.parameters()], lr=5e-3)
    sign = (torch.arange(8) % 2).float()
    ink = torch.zeros(8, 1, 80, 4 * COLUMNS)
    ink[..., 30:50, 96::48] = 1.0
    ink[..., 10:70, :8] = sign[:, None, None, None]
    for _ in range(60):
        logits = says(encoder(ink))[:, 24::12, 0]
        loss = functional.binary_cross_entropy_with_logits(logits, sign[:, None].expand_as(logits))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert ((logits > 0) == sign[:, None].bool()).all()
