import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset


class Stripes(Dataset):
    """12x12 pictures with noisy stripes in one of four directions."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, 4, (n,), generator=g)
        i, j = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
        lines = torch.stack([i, j, i + j, i - j])[self.labels].float()
        phase = torch.rand(n, 1, 1, generator=g) * 6.28
        self.images = torch.sin(lines * 1.3 + phase) + 1.8 * torch.randn(n, 12, 12, generator=g)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, k):
        return self.images[k].unsqueeze(0), self.labels[k]


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3, padding=1)
        self.c2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 9, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.fc(torch.flatten(x, 1))


class Experiment:
    def __init__(self, model, train_loader, val_loader, lr=0.005):
        self.model = model
        self.train_loader = train_loader
        self.val_loader = val_loader
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.scheduler = ReduceLROnPlateau(self.optimizer, factor=0.2, patience=1)

    def train(self):
        self.model.train()
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            F.cross_entropy(self.model(x), y).backward()
            self.optimizer.step()

    def validate(self):
        self.model.eval()
        hits = 0
        with torch.no_grad():
            for x, y in self.val_loader:
                hits += (self.model(x).argmax(1) == y).sum().item()
        return hits / len(self.val_loader.dataset)

    def run(self, epochs):
        for epoch in range(epochs):
            self.train()
            val_acc = self.validate()
            self.scheduler.step(val_acc)
            lr = self.optimizer.param_groups[0]["lr"]
            print(f"{epoch:2d}  val acc {val_acc:.3f}  lr {lr:.1e}")


if __name__ == "__main__":
    torch.manual_seed(0)
    train_loader = DataLoader(Stripes(800, 1), batch_size=40, shuffle=True)
    val_loader = DataLoader(Stripes(400, 2), batch_size=100)
    Experiment(SmallCNN(), train_loader, val_loader).run(10)
