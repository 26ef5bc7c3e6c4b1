import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(10, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x)


class Classifier(nn.Module):
    def __init__(self, backbone, num_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(32, num_classes)

    def freeze(self):
        """Keep the pretrained feature extractor exactly as it is."""
        for p in self.backbone.parameters():
            p.requires_grad = False
        self.backbone.eval()

    def forward(self, x):
        return self.head(self.backbone(x))


def fit(model, x, y, epochs, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        if not next(model.backbone.parameters()).requires_grad:
            model.backbone.eval()
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss_fn(model(x[idx]), y[idx]).backward()
            optimizer.step()


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(11)
W = torch.randn(10, 6)
x_src = torch.randn(2560, 10)
y_src = (x_src @ W).argmax(1)
backbone = Backbone()
source_model = Classifier(backbone, 6)
fit(source_model, x_src[:2048], y_src[:2048], epochs=5, lr=3e-3)

x_tgt = 0.8 * torch.randn(448, 10) + 0.4       # new domain, few labels
y_tgt = (x_tgt @ W).argmax(1) % 3
model = Classifier(backbone, 3)
model.freeze()
fit(model, x_tgt[:128], y_tgt[:128], epochs=20, lr=5e-3)
print(f"target test accuracy {accuracy(model, x_tgt[128:], y_tgt[128:]):.3f}")
print(f"source test accuracy {accuracy(source_model, x_src[2048:], y_src[2048:]):.3f}")
