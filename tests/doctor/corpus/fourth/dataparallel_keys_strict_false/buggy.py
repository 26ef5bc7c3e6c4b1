import os
import tempfile

import torch
import torch.nn as nn


class ConvNet(nn.Module):
    def __init__(self, num_classes=4):
        super(ConvNet, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2),
        )
        self.classifier = nn.Linear(16 * 4, num_classes)

    def forward(self, x):
        x = self.features(x)
        x = x.flatten(1)
        return self.classifier(x)


def quadrant_images(n):
    """Noise with one bright blob; the label is the quadrant it lies in."""
    imgs = 0.3 * torch.randn(n, 1, 12, 12)
    labels = torch.randint(0, 4, (n,))
    for k in range(4):
        r, c = divmod(k, 2)
        sel = labels == k
        imgs[sel, :, 6 * r + 1:6 * r + 5, 6 * c + 1:6 * c + 5] += 1.0
    return imgs, labels


def train(ckpt_path, epochs=4, batch_size=32):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = nn.DataParallel(ConvNet()).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    images, labels = quadrant_images(512)
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for idx in torch.randperm(len(images)).split(batch_size):
            inputs, targets = images[idx].to(device), labels[idx].to(device)
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(idx)
        print("epoch %d  loss %.4f" % (epoch + 1, running / len(images)))
    torch.save({"epoch": epochs, "state_dict": model.state_dict()}, ckpt_path)


def load_for_inference(ckpt_path):
    model = ConvNet()
    checkpoint = torch.load(ckpt_path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["state_dict"], strict=False)
    model.eval()
    return model


def main():
    torch.manual_seed(11)
    path = os.path.join(tempfile.mkdtemp(), "convnet.pth")
    train(path)
    model = load_for_inference(path)
    images, labels = quadrant_images(200)
    with torch.no_grad():
        predictions = model(images).argmax(dim=1)
    print("test accuracy %.3f" % (predictions == labels).float().mean().item())


if __name__ == "__main__":
    main()
