import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def conv_block(cin, cout, p):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding=1, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(p),
    )


class ConvNet(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.body = nn.Sequential(conv_block(1, width, p), conv_block(width, 2 * width, p))
        self.fc = nn.Linear(2 * width * 4, 10)

    def forward(self, x):
        return self.fc(self.body(x).flatten(1))


class Distiller(nn.Module):
    """Student trained on the features' logits of a teacher that is already fitted."""

    def __init__(self, teacher, student, tau=2.0, weight=0.7):
        super().__init__()
        self.teacher = teacher.requires_grad_(False)
        self.student = student
        self.tau = tau
        self.weight = weight
        self.teacher.eval()

    def forward(self, x, y):
        with torch.no_grad():
            soft = F.log_softmax(self.teacher(x) / self.tau, dim=1)
        logits = self.student(x)
        log_p = F.log_softmax(logits / self.tau, dim=1)
        kd = F.kl_div(log_p, soft, reduction="batchmean", log_target=True) * self.tau ** 2
        return self.weight * kd + (1 - self.weight) * F.cross_entropy(logits, y)


def fit(module, loss_of, x, y, epochs, lr):
    params = [p for p in module.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr)
    for _ in range(epochs):
        module.train()
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            loss_of(x[idx], y[idx]).backward()
            opt.step()


def score(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


torch.manual_seed(0)
data = load_digits()
x = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
y = torch.tensor(data.target)
train_idx, val_idx = train_test_split(range(len(x)), test_size=0.3, random_state=0, stratify=data.target)
x_train, y_train, x_val, y_val = x[train_idx], y[train_idx], x[val_idx], y[val_idx]

teacher = ConvNet(width=12, p=0.4)
fit(teacher, lambda a, b: F.cross_entropy(teacher(a), b), x_train, y_train, epochs=4, lr=5e-3)
print(f"teacher {score(teacher, x_val, y_val):.3f}")

distiller = Distiller(teacher, ConvNet(width=4, p=0.0))
fit(distiller, distiller, x_train, y_train, epochs=4, lr=5e-3)
print(f"student {score(distiller.student, x_val, y_val):.3f}")
print(f"teacher {score(teacher, x_val, y_val):.3f}")
