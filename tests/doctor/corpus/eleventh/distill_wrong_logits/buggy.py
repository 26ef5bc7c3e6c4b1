import torch
import torch.nn as nn
import torch.nn.functional as F

TEMPERATURE = 2.0
ALPHA = 0.8          # weight of the soft targets


def mlp(width, classes=8):
    return nn.Sequential(nn.Linear(16, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, classes))


def make_blobs(n, centers):
    which = torch.randint(0, len(centers), (n,))
    return centers[which] + 1.3 * torch.randn(n, 16), which % 8


def accuracy(model, data):
    model.eval()
    with torch.no_grad():
        return (model(data[0]).argmax(-1) == data[1]).float().mean().item()


def train_large(model, data, epochs=5):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(data[0])).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(data[0][idx]), data[1][idx]).backward()
            optimizer.step()


def distill(small, large, data, epochs=40):
    optimizer = torch.optim.Adam(small.parameters(), lr=2e-3)
    kl_div = nn.KLDivLoss(reduction="batchmean")
    large.eval()
    for epoch in range(epochs):
        small.train()
        for idx in torch.randperm(len(data[0])).split(32):
            x, target = data[0][idx], data[1][idx]
            with torch.no_grad():
                large_logits = large(x)
            output = small(x)

            soft_targets = F.softmax(large_logits / TEMPERATURE, dim=-1)
            soft_prob = F.log_softmax(large_logits / TEMPERATURE, dim=-1)
            soft_loss = kl_div(soft_prob, soft_targets) * TEMPERATURE ** 2
            label_loss = F.cross_entropy(output, target)
            loss = ALPHA * soft_loss + (1 - ALPHA) * label_loss

            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:2d} soft {soft_loss.item():.4f} label {label_loss.item():.4f}")


torch.manual_seed(1234)
centers = 1.2 * torch.randn(32, 16)
train_set, few, test_set = make_blobs(4000, centers), make_blobs(400, centers), make_blobs(1000, centers)
teacher, student = mlp(256), mlp(48)
train_large(teacher, train_set)
distill(student, teacher, few)
print(f"teacher {accuracy(teacher, test_set):.3f}  student {accuracy(student, test_set):.3f}")
