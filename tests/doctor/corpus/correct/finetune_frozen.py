# Transfer learning as in the beginner tutorial: pretrain on digits 0-4, new head for 5-9.
import copy
import time

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device("cpu")
X, y = load_digits(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16.0
y = torch.tensor(y)


def get_loaders(classes, n_train, seed):
    rng = np.random.RandomState(seed)
    idx = np.flatnonzero(np.isin(y.numpy(), classes))
    rng.shuffle(idx)
    ds = {
        "train": TensorDataset(X[idx[:n_train]], y[idx[:n_train]] - min(classes)),
        "val": TensorDataset(X[idx[n_train:n_train + 150]], y[idx[n_train:n_train + 150]] - min(classes)),
        "test": TensorDataset(X[idx[n_train + 150:n_train + 400]], y[idx[n_train + 150:n_train + 400]] - min(classes)),
    }
    loaders = {k: DataLoader(v, batch_size=32, shuffle=(k == "train"), num_workers=0) for k, v in ds.items()}
    return loaders, {k: len(v) for k, v in ds.items()}


class SmallNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        self.fc = nn.Linear(128, num_classes)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


def train_model(model, dataloaders, dataset_sizes, criterion, optimizer, scheduler, num_epochs, frozen=None):
    since = time.time()
    best_model_wts = copy.deepcopy(model.state_dict())
    best_acc = 0.0
    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            if phase == "train":
                model.train()
                if frozen is not None:
                    frozen.eval()  # keep its running statistics as they were learned
            else:
                model.eval()
            running_loss = 0.0
            running_corrects = 0
            for inputs, labels in dataloaders[phase]:
                inputs = inputs.to(device)
                labels = labels.to(device)
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data)
            if phase == "train":
                scheduler.step()
            epoch_loss = running_loss / dataset_sizes[phase]
            epoch_acc = running_corrects.double() / dataset_sizes[phase]
            print(f"{epoch} {phase} Loss: {epoch_loss:.4f} Acc: {epoch_acc:.4f}")
            if phase == "val" and epoch_acc > best_acc:
                best_acc = epoch_acc
                best_model_wts = copy.deepcopy(model.state_dict())
    print(f"done in {time.time() - since:.1f}s, best val acc {best_acc:.4f}")
    model.load_state_dict(best_model_wts)
    return model


def test(model, loader):
    was_training = model.training
    model.eval()
    with torch.no_grad():
        hits = sum((model(a.to(device)).argmax(1) == b.to(device)).sum().item() for a, b in loader)
    model.train(mode=was_training)
    return hits / len(loader.dataset)


if __name__ == "__main__":
    criterion = nn.CrossEntropyLoss()
    loaders, sizes = get_loaders([0, 1, 2, 3, 4], 450, seed=1)
    base = SmallNet(5).to(device)
    opt = optim.SGD(base.parameters(), lr=0.05, momentum=0.9)
    base = train_model(base, loaders, sizes, criterion, opt, lr_scheduler.StepLR(opt, 3, 0.1), 4)

    # ConvNet as fixed feature extractor, 60 pictures of the new classes
    loaders, sizes = get_loaders([5, 6, 7, 8, 9], 60, seed=2)
    model_conv = copy.deepcopy(base)
    for param in model_conv.parameters():
        param.requires_grad = False
    model_conv.fc = nn.Linear(model_conv.fc.in_features, 5).to(device)  # new layers require grad by default
    opt_conv = optim.SGD(model_conv.fc.parameters(), lr=0.05, momentum=0.9)
    model_conv = train_model(model_conv, loaders, sizes, criterion, opt_conv,
                             lr_scheduler.StepLR(opt_conv, 8, 0.1), 10, frozen=model_conv.features)
    print("test accuracy on the new classes: %.3f" % test(model_conv, loaders["test"]))
