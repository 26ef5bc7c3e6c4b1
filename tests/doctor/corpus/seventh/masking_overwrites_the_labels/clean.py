"""Masked-token pretraining on two interleaved arithmetic progressions modulo 12."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SYMBOLS = 12
MASK = SYMBOLS          # id of the mask token
VOCAB = SYMBOLS + 1


def progressions(length):
    """All sequences there are: one progression on the even places, another on the odd ones."""
    start, step = torch.arange(SYMBOLS), torch.arange(1, 4)
    a, da, b, db = torch.cartesian_prod(start, step, start, step).unsqueeze(2).unbind(1)
    k = torch.arange(length // 2)
    return torch.stack([a + da * k, b + db * k], dim=2).flatten(1) % SYMBOLS


def corrupt(ids, rate=0.15, generator=None):
    """BERT's recipe: of the chosen tokens 80 % become MASK, 10 % random, 10 % stay."""
    inputs = ids.clone()
    chosen = torch.rand(ids.shape, generator=generator) < rate
    kind = torch.rand(ids.shape, generator=generator)
    inputs[chosen & (kind < 0.8)] = MASK
    swapped = chosen & (kind >= 0.8) & (kind < 0.9)
    inputs[swapped] = torch.randint(SYMBOLS, (int(swapped.sum()),), generator=generator)
    return inputs, chosen


class ConvEncoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim)
        self.conv1 = nn.Conv1d(dim, 64, 5, padding=2)
        self.conv2 = nn.Conv1d(64, 64, 5, padding=2)
        self.head = nn.Linear(64, VOCAB)

    def forward(self, ids):
        h = self.embed(ids).transpose(1, 2)
        h = F.relu(self.conv1(h))
        h = F.relu(self.conv2(h))
        return self.head(h.transpose(1, 2))


def train_epoch(model, loader, optimizer):
    model.train()
    total, count = 0.0, 0
    for (ids,) in loader:
        inputs, chosen = corrupt(ids)
        loss = F.cross_entropy(model(inputs)[chosen], ids[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * int(chosen.sum())
        count += int(chosen.sum())
    return total / count


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    gen = torch.Generator().manual_seed(99)  # the same positions each time
    hits, count = 0, 0
    for (ids,) in loader:
        inputs, chosen = corrupt(ids, generator=gen)
        hits += (model(inputs)[chosen].argmax(-1) == ids[chosen]).sum().item()
        count += int(chosen.sum())
    return hits / count


def main():
    torch.manual_seed(13)
    sequences = progressions(20)
    order = torch.randperm(len(sequences))
    train_loader = DataLoader(TensorDataset(sequences[order[:1000]]), batch_size=40, shuffle=True)
    valid_loader = DataLoader(TensorDataset(sequences[order[1000:]]), batch_size=100)
    model = ConvEncoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(6):
        loss = train_epoch(model, train_loader, optimizer)
        print(f"epoch {epoch}  masked loss {loss:.3f}  recovered {evaluate(model, valid_loader):.3f}")


if __name__ == "__main__":
    main()
