# Keras version used data_format="channels_last"; the arrays on disk stay N x H x W x C
import numpy as np
import torch
import torch.nn as nn

SIZE = 12


def draw(n, seed):
    """A red and a blue square; the label says whether the red one is on the left."""
    rng = np.random.RandomState(seed)
    imgs = rng.uniform(0, 0.35, (n, SIZE, SIZE, 3)).astype("float32")
    labels = rng.randint(0, 2, n)
    for img, lab in zip(imgs, labels):
        left, right = (0, 2) if lab == 1 else (2, 0)
        r, c = rng.randint(0, 9), rng.randint(0, 3)
        img[r:r + 3, c:c + 3, left] += 0.5
        r, c = rng.randint(0, 9), rng.randint(6, 9)
        img[r:r + 3, c:c + 3, right] += 0.5
    return imgs, labels


def to_torch(imgs):
    batch = torch.from_numpy(imgs)
    return batch.permute(0, 3, 1, 2).contiguous()


def build():
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(3),
        nn.Flatten(),
        nn.Linear(12 * 4 * 4, 2),
    )


torch.manual_seed(0)
x_train, y_train = draw(400, seed=1)
x_test, y_test = draw(200, seed=2)
x_train, x_test = to_torch(x_train), to_torch(x_test)
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)

model = build()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(x_train)).split(20):
        opt.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx].long())
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(dim=1) == y_test).float().mean()
    if epoch % 3 == 0:
        print(f"Epoch {epoch + 1}/10 - val_accuracy: {acc:.3f}")
