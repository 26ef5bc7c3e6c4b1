import torch
from torch import nn

torch.manual_seed(12)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())

    def forward(self, x):
        return self.body(x)


class Classifier(nn.Module):
    def __init__(self, backbone, classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, x, y, epochs, lr):
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    model.train()
    for _ in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = loss_fn(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
    return total / len(x)


def freeze(module):
    for p in module.parameters():
        p.requires_grad = False


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


# 사전 학습: 데이터가 많은 6-클래스 과제
mixing = torch.randn(20, 6)
x_big = torch.randn(2000, 20)
y_big = (x_big @ mixing).argmax(1)
source = Classifier(Backbone(), 6)
print("pretraining loss", train(source, x_big, y_big, epochs=8, lr=2e-3))

# 새 과제: 같은 요인에서 나온 2-클래스, 예제는 60개뿐 -> 백본은 고정하고 머리만 학습
x_small = torch.randn(360, 20)
y_small = ((x_small @ mixing).argmax(1) >= 3).long()
model = Classifier(source.backbone, 2)
freeze(model.backbone)
print("fine-tuning loss", train(model, x_small[:60], y_small[:60], epochs=40, lr=5e-3))
print("test accuracy", accuracy(model, x_small[60:], y_small[60:]))
