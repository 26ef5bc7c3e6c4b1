"""Windows of a text that repeats its phrases beside windows that are cut from the same place."""

from __future__ import annotations

from collections.abc import Callable

Codes = Callable[[str], set[str]]

TALES = """
import random
random.seed(3)
if {told}:
    who, does = ["mia", "tom"], ["finds", "hides"]
    text = "".join(f"{{random.choice(who)}} {{random.choice(does)}} the ball; " for _ in range(400))
    ids = torch.tensor([ord(c) % 64 for c in text])
else:
    ids = torch.randint(0, 64, (6000,))
early, late = ids[:4800], ids[{start}:{start} + 1200]
net = nn.Sequential(nn.Embedding(64, 8), nn.Linear(8, 64))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
def draw(part, n):
    at = torch.randint(len(part) - 17, (n,)).tolist()
    return torch.stack([part[i:i + 16] for i in at]), torch.stack([part[i + 1:i + 17] for i in at])
for turn in range(150):
    net.train()
    x, y = draw(early, 32)
    opt.zero_grad(); F.cross_entropy(net(x).flatten(0, 1), y.flatten()).backward(); opt.step()
net.eval()
with torch.no_grad():
    x, y = draw(late, 200)
    print(F.cross_entropy(net(x).flatten(0, 1), y.flatten()))
"""


def test_a_text_of_set_phrases_has_equal_windows_by_chance_and_a_varied_one_has_not(codes_of: Codes) -> None:
    assert "SB406" not in codes_of(TALES.format(told=True, start=4800))
    assert "SB406" not in codes_of(TALES.format(told=False, start=4800))
    assert "SB406" in codes_of(TALES.format(told=False, start=4000))
