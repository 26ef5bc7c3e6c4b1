"""A very small vision transformer that tells in which corner of the picture the spot is."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class Spots(Dataset):
    def __init__(self, n, seed, size=12):
        gen = torch.Generator().manual_seed(seed)
        self.images = 0.2 * torch.randn(n, 1, size, size, generator=gen)
        half = size // 2
        rows = torch.randint(size - 1, (n,), generator=gen)
        cols = torch.randint(size - 1, (n,), generator=gen)
        for i in range(n):
            r, c = rows[i], cols[i]
            self.images[i, 0, r:r + 2, c:c + 2] += 1.5
        self.labels = 2 * (rows >= half).long() + (cols >= half).long()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class Block(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class TinyViT(nn.Module):
    def __init__(self, size=12, patch=3, dim=32, depth=2, n_classes=4):
        super().__init__()
        self.patch = patch
        n_patches = (size // patch) ** 2
        self.embed = nn.Linear(patch * patch, dim)
        self.pos = torch.zeros(1, n_patches, dim, requires_grad=True)
        self.blocks = nn.ModuleList(Block(dim) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, n_classes)

    def forward(self, images):
        patches = F.unfold(images, self.patch, stride=self.patch).transpose(1, 2)
        x = self.embed(patches) + self.pos
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(dim=1))


def make_optimizer(model, lr, weight_decay):
    """Biases, norms and positions are not decayed."""
    plain, decayed = [], []
    for name, p in model.named_parameters():
        (plain if p.ndim == 1 or name.endswith("pos") else decayed).append(p)
    return torch.optim.AdamW([{"params": plain, "weight_decay": 0.0},
                              {"params": decayed, "weight_decay": weight_decay}], lr=lr)


def evaluate(model, loader):
    model.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in loader:
            hits += (model(images).argmax(1) == labels).sum().item()
    return hits / len(loader.dataset)


def main():
    torch.manual_seed(0)
    train_loader = DataLoader(Spots(1000, seed=1), batch_size=50, shuffle=True)
    test_loader = DataLoader(Spots(300, seed=2), batch_size=100)
    model = TinyViT()
    optimizer = make_optimizer(model, lr=3e-3, weight_decay=0.01)
    for epoch in range(7):
        model.train()
        for images, labels in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        if epoch % 3 == 0:
            print(f"epoch {epoch}: test accuracy {evaluate(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
