import itertools

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset, get_worker_info


def make_records(n, seed):
    g = torch.Generator().manual_seed(seed)
    for _ in range(n):
        feats = torch.randn(10, generator=g)
        clicked = float(feats[:3].sum() + 0.5 * torch.randn((), generator=g) > 0)
        yield feats, clicked


class ClickLog(IterableDataset):
    """Click records in arrival order (independent users)."""

    def __init__(self, n, seed):
        super().__init__()
        self.n = n
        self.seed = seed

    def __iter__(self):
        stream = make_records(self.n, self.seed)
        info = get_worker_info()
        if info is None:
            return stream
        return itertools.islice(stream, info.id, None, info.num_workers)


def collate(rows):
    x = torch.stack([r[0] for r in rows])
    y = torch.tensor([r[1] for r in rows])
    return x, y


if __name__ == "__main__":
    torch.manual_seed(3)
    train_dl = DataLoader(ClickLog(1200, seed=100), batch_size=64, num_workers=2, collate_fn=collate)
    valid_dl = DataLoader(ClickLog(400, seed=200), batch_size=64, num_workers=2, collate_fn=collate)
    w = torch.nn.Linear(10, 1)
    opt = torch.optim.AdamW(w.parameters(), lr=0.01)
    for epoch in range(3):
        seen, running = 0, 0.0
        for x, y in train_dl:
            opt.zero_grad()
            loss = F.binary_cross_entropy_with_logits(w(x).squeeze(1), y)
            loss.backward()
            opt.step()
            seen += len(y)
            running += loss.item() * len(y)
        with torch.no_grad():
            hits = total = 0
            for x, y in valid_dl:
                hits += ((w(x).squeeze(1) > 0).float() == y).sum().item()
                total += len(y)
        print(f"epoch {epoch} records {seen} train {running / seen:.4f} valid acc {hits / total:.3f}")
