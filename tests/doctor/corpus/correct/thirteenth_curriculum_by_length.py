"""Curriculum: parity of bit strings, sequence length grows once the current one is mastered."""
import torch
import torch.nn as nn

torch.manual_seed(4)
LENGTHS = [2, 3, 4, 6, 8]


class ParityGRU(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, bits):
        _, h = self.gru(2 * bits.unsqueeze(-1) - 1)
        return self.fc(h[-1]).squeeze(-1)


def batch(n, length):
    bits = torch.randint(0, 2, (n, length)).float()
    return bits, bits.sum(dim=1) % 2


def accuracy(model, length, n=500):
    model.eval()
    with torch.no_grad():
        bits, parity = batch(n, length)
        acc = ((model(bits) > 0).float() == parity).float().mean().item()
    model.train()
    return acc


model = ParityGRU()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss()

stage = 0
for step in range(1, 901):
    # mostly the current length, sometimes an earlier one
    length = LENGTHS[stage]
    if stage > 0 and torch.rand(1).item() < 0.3:
        length = LENGTHS[int(torch.randint(0, stage, (1,)))]
    bits, parity = batch(64, length)
    loss = criterion(model(bits), parity)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

    if step % 25 == 0:
        acc = accuracy(model, LENGTHS[stage])
        if acc > 0.95:
            print(f"step {step}: length {LENGTHS[stage]} done with accuracy {acc:.3f}")
            if stage == len(LENGTHS) - 1:
                break
            stage += 1

print({length: round(accuracy(model, length), 3) for length in LENGTHS + [12, 16]})
