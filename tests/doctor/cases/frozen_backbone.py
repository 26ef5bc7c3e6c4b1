import copy, torch
from torch import nn, optim
from torchvision import models, transforms, datasets
from torch.utils.data import DataLoader
device = "cuda" if torch.cuda.is_available() else "cpu"
norm = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
tf = {"train": transforms.Compose([transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), norm]),
      "val": transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), norm])}
sets = {k: datasets.ImageFolder(f"data/{k}", tf[k]) for k in ("train", "val")}
loaders = {k: DataLoader(sets[k], batch_size=16, shuffle=k == "train", num_workers=4) for k in sets}
model = models.resnet18(weights="IMAGENET1K_V1")
for p in model.parameters():
    p.requires_grad = False
model.fc = nn.Linear(model.fc.in_features, 2)
model = model.to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.fc.parameters(), lr=1e-3, momentum=0.9)
scheduler = optim.lr_scheduler.StepLR(optimizer, 7, 0.1)
best, best_acc = copy.deepcopy(model.state_dict()), 0.0
for epoch in range(25):
    for phase in ("train", "val"):
        model.train() if phase == "train" else model.eval()
        run_loss, run_ok = 0.0, 0
        for x, y in loaders[phase]:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "train"):
                out = model(x)
                _, pred = torch.max(out, 1)
                loss = criterion(out, y)
                if phase == "train":
                    loss.backward()
                    optimizer.step()
            run_loss += loss.item() * x.size(0)
            run_ok += torch.sum(pred == y.data)
        if phase == "train":
            scheduler.step()
        ep_loss, ep_acc = run_loss / len(sets[phase]), run_ok.double() / len(sets[phase])
        print(phase, ep_loss, ep_acc.item())
        if phase == "val" and ep_acc > best_acc:
            best_acc, best = ep_acc, copy.deepcopy(model.state_dict())
model.load_state_dict(best)
