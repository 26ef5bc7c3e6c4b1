import torch
import torch.nn as nn
import torch.optim as optim


class SmallVGG(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(16 * 4 * 4, 32), nn.ReLU(), nn.Linear(32, num_classes))

    def forward(self, x):
        return self.classifier(self.features(x))


def bars(n, k, gen):
    """16x16 images with a bright bar; the class says where the bar is."""
    y = torch.randint(0, k, (n,), generator=gen)
    x = 0.3 * torch.randn(n, 1, 16, 16, generator=gen)
    for i, c in enumerate(y.tolist()):
        x[i, 0, :, 2 * c:2 * c + 2] += 1.0
    return x, y


def fit(model, x, y, epochs, lr):
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            criterion(model(x[idx]), y[idx]).backward()
            optimizer.step()


torch.manual_seed(30)
gen = torch.Generator().manual_seed(30)
model = SmallVGG(8)
fit(model, *bars(512, 8, gen), epochs=4, lr=3e-3)   # "pretraining" on the big task

# Freeze training for all "features" layers
for param in model.features.parameters():
    param.requires_grad = False

# new task: 3 classes, few images
model.classifier[3] = nn.Linear(32, 3)
before = model.features[0].weight.detach().clone()
fit(model, *bars(96, 3, gen), epochs=5, lr=3e-3)

x_test, y_test = bars(200, 3, gen)
model.eval()
with torch.no_grad():
    acc = (model(x_test).argmax(1) == y_test).float().mean().item()
print(f"test acc {acc:.3f}, first conv moved by {(model.features[0].weight - before).abs().max().item():.5f}")
