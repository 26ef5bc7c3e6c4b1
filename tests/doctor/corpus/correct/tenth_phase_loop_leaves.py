# Follows the structure of the transfer-learning tutorial: one loop, two phases, best weights kept.
import copy
import time

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(15)
class_names = ["round", "oblong", "lobed"]


class Leaves(Dataset):
    def __init__(self, n, transform=None):
        yy, xx = torch.meshgrid(torch.linspace(-1, 1, 14), torch.linspace(-1, 1, 14), indexing="ij")
        angle, radius = torch.atan2(yy, xx), (xx**2 + yy**2).sqrt()
        self.targets = torch.randint(0, 3, (n,))
        tilt = 6.2832 * torch.rand(n, 1, 1)
        outline = torch.stack([
            torch.full((n, 14, 14), 0.6),
            0.6 + 0.25 * torch.cos(2 * (angle - tilt)),
            0.6 + 0.25 * torch.cos(5 * (angle - tilt)),
        ])[self.targets, torch.arange(n)]
        leaf = (radius < outline).float()
        self.data = (leaf + 0.3 * torch.randn(n, 14, 14)).unsqueeze(1)
        self.transform = transform

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, idx):
        img = self.data[idx]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.targets[idx]


def random_quarter_turn(img):
    return torch.rot90(img, int(torch.randint(0, 4, (1,))), dims=(1, 2))


datasets = {"train": Leaves(600, random_quarter_turn), "val": Leaves(200)}
dataloaders = {
    "train": DataLoader(datasets["train"], batch_size=25, shuffle=True),
    "val": DataLoader(datasets["val"], batch_size=100, shuffle=False),
}


def train_model(model, criterion, optimizer, scheduler, num_epochs):
    since = time.time()
    best_acc = 0.0
    best_weights = copy.deepcopy(model.state_dict())

    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train(phase == "train")
            running_loss, running_corrects = 0.0, 0

            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += (outputs.argmax(1) == labels).sum().item()

            if phase == "train":
                scheduler.step()
            epoch_loss = running_loss / len(datasets[phase])
            epoch_acc = running_corrects / len(datasets[phase])
            print(f"{epoch} {phase:5s} Loss: {epoch_loss:.4f} Acc: {epoch_acc:.4f}")

            if phase == "val" and epoch_acc > best_acc:
                best_acc = epoch_acc
                best_weights = copy.deepcopy(model.state_dict())

    print(f"Training complete in {time.time() - since:.1f}s, best val acc {best_acc:.4f}")
    model.load_state_dict(best_weights)
    return model


net = nn.Sequential(
    nn.Conv2d(1, 10, 3, padding=1), nn.BatchNorm2d(10), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(10, 20, 3, padding=1), nn.BatchNorm2d(20), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
    nn.Flatten(), nn.Linear(80, len(class_names)),
)
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scheduler = lr_scheduler.MultiStepLR(optimizer, milestones=[4, 6], gamma=0.1)
net = train_model(net, nn.CrossEntropyLoss(), optimizer, scheduler, num_epochs=7)

test_set = Leaves(200)
net.eval()
with torch.no_grad():
    pred = net(test_set.data).argmax(1)
for c, name in enumerate(class_names):
    print(f"{name}: test recall {(pred[test_set.targets == c] == c).float().mean().item():.3f}")
