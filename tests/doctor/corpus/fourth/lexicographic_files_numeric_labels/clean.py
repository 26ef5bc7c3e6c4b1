import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset


def export_scans(folder: Path, n: int, seed: int) -> None:
    """What the scanner software leaves behind: img_0.png ... and one labels.txt, a line per scan."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, size=n)
    for k, label in enumerate(labels):
        img = rng.normal(110, 25, size=(16, 16))
        r, c = rng.integers(2, 10, size=2)
        if label:
            img[r:r + 4, c:c + 4] += 70
        else:
            img[r:r + 4, c:c + 4] -= 70
        Image.fromarray(np.clip(img, 0, 255).astype(np.uint8)).save(folder / f"img_{k}.png")
    (folder / "labels.txt").write_text("\n".join(map(str, labels)))


class ScanFolder(Dataset):
    def __init__(self, folder: Path):
        self.files = sorted(folder.glob("img_*.png"), key=lambda f: int(f.stem.split("_")[1]))
        self.labels = [int(line) for line in (folder / "labels.txt").read_text().split()]
        assert len(self.files) == len(self.labels)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        with Image.open(self.files[i]) as im:
            pixels = np.asarray(im, dtype=np.float32)
        return torch.from_numpy((pixels - 110.0) / 35.0)[None], self.labels[i]


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.relu(self.c2(x))
        return self.fc(x.amax(dim=(2, 3)))


def main():
    torch.manual_seed(18)
    root = Path(tempfile.mkdtemp())
    for name, n, seed in (("train", 300, 1), ("test", 120, 2)):
        (root / name).mkdir()
        export_scans(root / name, n, seed)
    train_loader = DataLoader(ScanFolder(root / "train"), batch_size=20, shuffle=True)
    test_loader = DataLoader(ScanFolder(root / "test"), batch_size=60)
    net = ConvNet()
    opt = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(6):
        net.train()
        running = 0.0
        for x, y in train_loader:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            running += loss.item() * len(y)
        print(f"epoch {epoch} loss {running / len(train_loader.dataset):.3f}")
    net.eval()
    with torch.no_grad():
        hits = sum((net(x).argmax(1) == y).sum().item() for x, y in test_loader)
    print("test accuracy", hits / len(test_loader.dataset))


if __name__ == "__main__":
    main()
