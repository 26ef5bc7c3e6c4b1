import torch
import torch.nn as nn
import torch.nn.functional as F


class Segmenter(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, ch, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(ch, ch, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(ch, 1, 1),
        )

    def forward(self, x):
        z = self.body(x)
        return torch.sigmoid(z)


def blobs(n):
    img = torch.rand(n, 1, 12, 12)
    mask = (F.avg_pool2d(img, 3, 1, 1) > 0.5).float()
    return img, mask


torch.manual_seed(6)
img, mask = blobs(200)
model = Segmenter()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(5):
    model.train()
    for idx in torch.randperm(160).split(20):
        prob = model(img[idx])
        loss = F.binary_cross_entropy(prob, mask[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        p = model(img[160:]) > 0.5
        inter = (p & mask[160:].bool()).sum()
        union = (p | mask[160:].bool()).sum()
    print(epoch, "IoU", (inter / union).item())
