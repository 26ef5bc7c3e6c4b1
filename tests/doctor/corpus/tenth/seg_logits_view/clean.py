import torch
import torch.nn as nn


class SegNet(nn.Module):
    def __init__(self, n_classes, width=16):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Conv2d(width, n_classes, 1)

    def forward(self, x):
        return self.classifier(self.body(x))


def make_scene(n, size=16):
    # left part = class 0, right part = class 1, a bright square = class 2
    label = torch.zeros(n, size, size, dtype=torch.long)
    for k in range(n):
        cut = int(torch.randint(5, 11, (1,)))
        label[k, :, cut:] = 1
        r, c = torch.randint(0, size - 4, (2,)).tolist()
        label[k, r:r + 4, c:c + 4] = 2
    palette = torch.tensor([[0.2, 0.5, 0.1], [0.1, 0.3, 0.7], [0.9, 0.8, 0.2]])
    image = palette[label].permute(0, 3, 1, 2) + 0.25 * torch.randn(n, 3, size, size)
    return image, label


def train(net, images, labels, n_classes, epochs=6, lr=5e-3):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for epoch in range(epochs):
        running, count = 0.0, 0
        for idx in torch.randperm(len(images)).split(10):
            scores = net(images[idx])
            scores = scores.permute(0, 2, 3, 1).contiguous().view(-1, n_classes)
            loss = criterion(scores, labels[idx].view(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
            count += len(idx)
        print(f"epoch {epoch + 1}: {running / count:.4f}")


def pixel_accuracy(net, images, labels):
    net.eval()
    with torch.no_grad():
        return (net(images).argmax(dim=1) == labels).float().mean().item()


torch.manual_seed(31)
N_CLASSES = 3
train_img, train_lab = make_scene(120)
val_img, val_lab = make_scene(30)
model = SegNet(N_CLASSES)
train(model, train_img, train_lab, N_CLASSES)
print("val pixel accuracy", round(pixel_accuracy(model, val_img, val_lab), 4))
