import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def maybe_flip(t, p=0.5):
    if random.random() < p:
        t = torch.flip(t, dims=[-1])
    if random.random() < p:
        t = torch.flip(t, dims=[-2])
    return t


class Blobs(Dataset):
    def __init__(self, n, seed, augment):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij")
        cy, cx = torch.rand(2, n, 1, 1, generator=g) * 12 + 3
        r = torch.rand(n, 1, 1, generator=g) * 2 + 2
        self.masks = ((yy - cy) ** 2 + (xx - cx) ** 2 < r ** 2).float().unsqueeze(1)
        self.images = self.masks + 0.7 * torch.randn(n, 1, 20, 20, generator=g)
        self.augment = augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment:
            image, mask = maybe_flip(torch.stack([image, mask]))
        return image, mask


def dice_loss(logits, mask):
    p = torch.sigmoid(logits).flatten(1)
    m = mask.flatten(1)
    return (1 - (2 * (p * m).sum(1) + 1) / (p.sum(1) + m.sum(1) + 1)).mean()


def main():
    random.seed(3)
    torch.manual_seed(3)
    train = DataLoader(Blobs(240, seed=1, augment=True), batch_size=24, shuffle=True)
    val = DataLoader(Blobs(80, seed=2, augment=False), batch_size=40)
    net = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(),
                        nn.Conv2d(12, 1, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(5):
        net.train()
        for image, mask in train:
            opt.zero_grad()
            out = net(image)
            loss = F.binary_cross_entropy_with_logits(out, mask) + dice_loss(out, mask)
            loss.backward()
            opt.step()
        net.eval()
        inter = union = 0.0
        with torch.no_grad():
            for image, mask in val:
                guess = net(image) > 0
                inter += (guess & (mask > 0)).sum().item()
                union += (guess | (mask > 0)).sum().item()
        print(f"{epoch}: IoU {inter / union:.3f}")


main()
