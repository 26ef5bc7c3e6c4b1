"""Fine-tuning: the backbone is frozen and stays in eval mode, only the new head learns."""
import io

import torch
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, TensorDataset


class SmallCNN(nn.Module):
    def __init__(self, num_classes: int):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x):
        x = self.block(self.stem(x))
        return self.fc(self.pool(x).flatten(1))


class FineTuner(nn.Module):
    def __init__(self, backbone: SmallCNN, num_classes: int):
        super().__init__()
        self.backbone = backbone
        for p in self.backbone.parameters():
            p.requires_grad = False
        self.backbone.fc = nn.Linear(16, num_classes)

    def train(self, mode: bool = True):
        super().train(mode)
        self.backbone.stem.eval()
        self.backbone.block.eval()
        return self

    def forward(self, x):
        return self.backbone(x)


def pretrained_bytes():
    source = SmallCNN(10)
    buf = io.BytesIO()
    torch.save(source.state_dict(), buf)
    buf.seek(0)
    return buf


def load_backbone(buf):
    net = SmallCNN(10)
    net.load_state_dict(torch.load(buf, weights_only=True))
    return net


def main():
    torch.manual_seed(0)
    model = FineTuner(load_backbone(pretrained_bytes()), num_classes=3)
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    assert names == ["backbone.fc.weight", "backbone.fc.bias"], names

    y = torch.randint(0, 3, (240,))
    x = torch.randn(240, 3, 12, 12) * 0.5
    x[torch.arange(240), y] += 1.0
    mean, std = x[:180].mean(dim=(0, 2, 3), keepdim=True), x[:180].std(dim=(0, 2, 3), keepdim=True)
    x = (x - mean) / std
    train = DataLoader(TensorDataset(x[:180], y[:180]), batch_size=30, shuffle=True)
    val = DataLoader(TensorDataset(x[180:], y[180:]), batch_size=60)

    optimizer = AdamW(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(5):
        model.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
        model.eval()
        hits = 0
        with torch.no_grad():
            for images, labels in val:
                hits += (model(images).argmax(1) == labels).sum().item()
        print(f"epoch {epoch}: val acc {hits / len(val.dataset):.3f}")


if __name__ == "__main__":
    main()
