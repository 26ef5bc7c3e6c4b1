import os
import tempfile

import torch
from torch import nn


class CharRNN(nn.Module):
    def __init__(self, vocab, hidden=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, 12)
        self.gru = nn.GRU(12, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, ids):
        states, _ = self.gru(self.emb(ids))
        return self.out(states)


TEXT = "the quick brown fox jumps over the lazy dog and runs back to the den . " * 12
CHARS = sorted(set(TEXT))
IDS = torch.tensor([CHARS.index(c) for c in TEXT])


def sample_batch(size=24, length=20):
    start = torch.randint(0, len(IDS) - length - 1, (size,))
    chunk = torch.stack([IDS[s:s + length + 1] for s in start.tolist()])
    return chunk[:, :-1], chunk[:, 1:]


def save(path, step, model, optimizer):
    torch.save({"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)


def load(path, model, optimizer):
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


def train(path, until):
    """Call again with a larger `until` to continue."""
    model = CharRNN(len(CHARS))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, betas=(0.9, 0.99))
    first = load(path, model, optimizer) if os.path.exists(path) else 0
    model.train()
    for step in range(first, until):
        ids, following = sample_batch()
        loss = nn.functional.cross_entropy(model(ids).transpose(1, 2), following)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 20 == 0:
            for group in optimizer.param_groups:
                group["lr"] *= 0.9
            print("step", step, "loss", round(loss.item(), 4), "lr", round(optimizer.param_groups[0]["lr"], 5))
    save(path, until, model, optimizer)


if __name__ == "__main__":
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = os.path.join(folder, "char.pt")
        train(checkpoint, until=80)
        train(checkpoint, until=200)
