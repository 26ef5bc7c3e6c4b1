import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class ToFloat:
    """uint8 H x W x C -> float C x H x W in [0, 1]"""

    def __call__(self, img):
        return img.permute(2, 0, 1).float().div(255)


class Standardize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, img):
        return (img - self.mean) / self.std


class Compose:
    def __init__(self, *steps):
        self.steps = steps

    def __call__(self, img):
        for step in self.steps:
            img = step(img)
        return img


class Stripes(Dataset):
    def __init__(self, n, seed, transform):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, 2, (n,), generator=g)
        imgs = torch.randint(60, 180, (n, 16, 16, 3), generator=g)
        imgs[self.labels == 0, ::4] += 60
        imgs[self.labels == 1, :, ::4] += 60
        self.imgs = imgs.to(torch.uint8)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.imgs[i]), self.labels[i]


transform = Compose(ToFloat(), Standardize(0.5, 0.5))
torch.manual_seed(9)
train_loader = DataLoader(Stripes(400, 90, transform), batch_size=40, shuffle=True)
test_loader = DataLoader(Stripes(200, 91, transform), batch_size=100)

cnn = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
    nn.Flatten(), nn.Linear(16, 2),
)
optim = torch.optim.SGD(cnn.parameters(), lr=0.02, momentum=0.9)
for epoch in range(6):
    cnn.train()
    for img, lab in train_loader:
        optim.zero_grad()
        loss = nn.functional.cross_entropy(cnn(img), lab)
        loss.backward()
        optim.step()
    cnn.eval()
    with torch.no_grad():
        good = sum((cnn(img).argmax(1) == lab).sum().item() for img, lab in test_loader)
    print("epoch", epoch, "loss", round(loss.item(), 3), "test acc", good / 200)
