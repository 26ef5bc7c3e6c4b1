import random

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED = 3
random.seed(SEED)
torch.manual_seed(SEED)


class RandomDihedral:
    def __call__(self, img):
        k = random.randrange(4)
        img = torch.rot90(img, k, dims=(-2, -1))
        if random.random() < 0.5:
            img = img.flip(-1)
        return img


class NucleiDataset(Dataset):
    def __init__(self, n, seed, aug=None):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(24), torch.arange(24), indexing="ij")
        cy, cx = torch.randint(4, 20, (2, n, 1, 1), generator=g)
        r2 = torch.randint(8, 25, (n, 1, 1), generator=g)
        self.masks = (((yy - cy) ** 2 + (xx - cx) ** 2) < r2).float().unsqueeze(1)
        self.images = 0.8 * self.masks + 0.3 * torch.randn(self.masks.shape, generator=g)
        self.aug = aug

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.aug:
            image, mask = self.aug(image), self.aug(mask)
        return image, mask


def dice(logits, mask):
    p = (logits > 0).float()
    return (2 * (p * mask).sum() / (p.sum() + mask.sum()).clamp(min=1)).item()


train_loader = DataLoader(NucleiDataset(200, seed=10, aug=RandomDihedral()), batch_size=20, shuffle=True)
val_loader = DataLoader(NucleiDataset(50, seed=11), batch_size=50)
net = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 1, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(5):
    net.train()
    for image, mask in train_loader:
        opt.zero_grad()
        loss = criterion(net(image), mask)
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        scores = [dice(net(image), mask) for image, mask in val_loader]
    print(f"epoch {epoch} train loss {loss.item():.3f} val dice {sum(scores) / len(scores):.3f}")
