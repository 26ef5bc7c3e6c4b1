"""Transfer learning in two phases: pretrain on task A, then fine-tune on a small task B."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(21)

PROJ = torch.randn(4, 20)  # shared structure of both tasks


def sample(n, means):
    y = torch.randint(0, len(means), (n,))
    z = means[y] + 0.6 * torch.randn(n, 4)
    return z @ PROJ + 0.2 * torch.randn(n, 20), y


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class Classifier(nn.Module):
    def __init__(self, backbone, n_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(32, n_classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, X, y, optimizer, epochs, frozen_backbone=False):
    for _ in range(epochs):
        model.train()
        if frozen_backbone:
            model.backbone.eval()
        for idx in torch.randperm(len(X)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(X[idx]), y[idx]).backward()
            optimizer.step()


@torch.no_grad()
def accuracy(model, X, y):
    model.eval()
    return (model(X).argmax(1) == y).float().mean().item()


# ---- task A: plenty of data, 8 classes
means_a = 2.0 * torch.randn(8, 4)
Xa, ya = sample(2048, means_a)
Xa_test, ya_test = sample(400, means_a)
source = Classifier(Backbone(), 8)
train(source, Xa, ya, torch.optim.Adam(source.parameters(), lr=2e-3), epochs=5)
print(f"task A accuracy: {accuracy(source, Xa_test, ya_test):.3f}")
pretrained = {k: v.clone() for k, v in source.backbone.state_dict().items()}

# ---- task B: 96 examples, 3 new classes
means_b = 1.5 * torch.randn(3, 4)
Xb, yb = sample(96, means_b)
Xb_test, yb_test = sample(400, means_b)

backbone = Backbone()
backbone.load_state_dict(pretrained)
model = Classifier(backbone, 3)

# phase 1: only the new head learns
for p in model.backbone.parameters():
    p.requires_grad_(False)
train(model, Xb, yb, torch.optim.Adam(model.head.parameters(), lr=1e-2), epochs=10, frozen_backbone=True)
print(f"task B, head only: {accuracy(model, Xb_test, yb_test):.3f}")

# phase 2: everything learns, the backbone more slowly
for p in model.backbone.parameters():
    p.requires_grad_(True)
optimizer = torch.optim.Adam([
    {"params": model.backbone.parameters(), "lr": 5e-4},
    {"params": model.head.parameters(), "lr": 2e-3},
])
train(model, Xb, yb, optimizer, epochs=20)
print(f"task B, fine-tuned: {accuracy(model, Xb_test, yb_test):.3f}")
