import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def make_images(n, generator):
    """8x8 pictures with one bright square in one of the four quadrants."""
    labels = torch.randint(0, 4, (n,), generator=generator)
    images = torch.randn(n, 1, 8, 8, generator=generator)
    for i, k in enumerate(labels.tolist()):
        row, col = divmod(k, 2)
        images[i, 0, 4 * row + 1:4 * row + 3, 4 * col + 1:4 * col + 3] += 1.0
    return TensorDataset(images, labels)


class SmallNet(nn.Module):
    def __init__(self, width=16, p=0.3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(p), nn.Linear(width * 16, 4))

    def forward(self, x):
        return self.classifier(self.features(x))


class Trainer:
    def __init__(self, model, train_loader, val_loader, lr):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def train_epoch(self):
        total, seen = 0.0, 0
        for images, labels in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(labels)
            seen += len(labels)
        return total / seen

    @torch.no_grad()
    def validate(self):
        self.model.eval()
        hits = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.val_loader)
        return hits / len(self.val_loader.dataset)

    def fit(self, epochs):
        for epoch in range(1, epochs + 1):
            self.model.train()
            loss = self.train_epoch()
            print(f"epoch {epoch}  loss {loss:.4f}  val acc {self.validate():.3f}")


if __name__ == "__main__":
    torch.manual_seed(11)
    g = torch.Generator().manual_seed(11)
    train_set, val_set = random_split(make_images(900, g), [700, 200], generator=g)
    trainer = Trainer(SmallNet(), DataLoader(train_set, batch_size=50, shuffle=True), DataLoader(val_set, batch_size=100), lr=2e-3)
    trainer.fit(6)
