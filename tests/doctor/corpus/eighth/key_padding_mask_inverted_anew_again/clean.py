import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

PAD = 0
MAX_VALUE = 40


class BagSum(torch.utils.data.Dataset):
    """Does the sequence hold more multiples of three than other numbers that are even?"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.data = []
        for _ in range(n):
            length = int(torch.randint(5, 16, (1,), generator=g))
            s = torch.randint(1, MAX_VALUE, (length,), generator=g)
            three = s % 3 == 0
            even = (s % 2 == 0) & ~three
            self.data.append((s.tolist(), int(three.sum() > even.sum())))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i]


def pad_batch(items):
    longest = max(len(s) for s, _ in items)
    ids = torch.full((len(items), longest), PAD)
    for row, (s, _) in enumerate(items):
        ids[row, : len(s)] = torch.tensor(s)
    labels = torch.tensor([label for _, label in items])
    return {"ids": ids, "mask": ids == PAD, "labels": labels}


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x, mask):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, key_padding_mask=mask, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class SetTransformer(nn.Module):
    def __init__(self, dim=32, heads=4, depth=2):
        super().__init__()
        self.embed = nn.Embedding(MAX_VALUE, dim, padding_idx=PAD)
        self.cls = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.head = nn.Linear(dim, 2)

    def forward(self, ids, mask):
        x = torch.cat([self.cls.expand(ids.size(0), -1, -1), self.embed(ids)], dim=1)
        mask = F.pad(mask, (1, 0), value=False)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(x[:, 0])


def main():
    torch.manual_seed(0)
    train = DataLoader(BagSum(1000, seed=10), batch_size=50, shuffle=True, collate_fn=pad_batch)
    valid = DataLoader(BagSum(300, seed=20), batch_size=100, collate_fn=pad_batch)
    model = SetTransformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(5):
        model.train()
        for batch in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(batch["ids"], batch["mask"]), batch["labels"])
            loss.backward()
            optimizer.step()
        model.eval()
        hits = 0
        with torch.no_grad():
            for batch in valid:
                hits += (model(batch["ids"], batch["mask"]).argmax(1) == batch["labels"]).sum().item()
        print(f"epoch {epoch} valid accuracy {hits / len(valid.dataset):.3f}")


if __name__ == "__main__":
    main()
