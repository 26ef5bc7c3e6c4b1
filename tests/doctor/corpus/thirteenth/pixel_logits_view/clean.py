import numpy as np
import torch
import torch.nn as nn

NUM_CLASSES = 3


def synth_scene(rng, size=20):
    """Noise background (0), a bright square (1) and a dark square (2)."""
    img = rng.normal(0, 0.2, (size, size)).astype(np.float32)
    mask = np.zeros((size, size), np.int64)
    for cls, val in ((1, 1.0), (2, -1.0)):
        r, c = rng.integers(0, size - 7, 2)
        img[r:r + 7, c:c + 7] = val + rng.normal(0, 0.2, (7, 7))
        mask[r:r + 7, c:c + 7] = cls
    return img[None], mask


def build(rng, n):
    scenes = [synth_scene(rng) for _ in range(n)]
    return torch.from_numpy(np.stack([s[0] for s in scenes])), torch.from_numpy(np.stack([s[1] for s in scenes]))


def mean_iou(pred, mask):
    ious = []
    for c in range(NUM_CLASSES):
        inter = ((pred == c) & (mask == c)).sum().item()
        union = ((pred == c) | (mask == c)).sum().item()
        ious.append(inter / max(union, 1))
    return sum(ious) / NUM_CLASSES


rng = np.random.default_rng(12)
torch.manual_seed(12)
x_train, m_train = build(rng, 160)
x_val, m_val = build(rng, 40)

fcn = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
    nn.Conv2d(16, NUM_CLASSES, 1),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(fcn.parameters(), lr=5e-3)

for epoch in range(5):
    fcn.train()
    for idx in torch.randperm(len(x_train)).split(16):
        optimizer.zero_grad()
        logits = fcn(x_train[idx])
        flat = logits.permute(0, 2, 3, 1).contiguous().view(-1, NUM_CLASSES)
        loss = criterion(flat, m_train[idx].view(-1))
        loss.backward()
        optimizer.step()
    fcn.eval()
    with torch.no_grad():
        pred = fcn(x_val).argmax(dim=1)
    print(f"epoch {epoch} loss {loss.item():.3f} mIoU {mean_iou(pred, m_val):.3f}")
